alert-ordering-violated =
    ⚠️ <b>Out of order</b>
    { $count ->
        [one] A <code>{ $type }</code> event of another service
       *[other] { $count } <code>{ $type }</code> events of another service
    } came after what should have come behind. Nothing is lost: it has taken effect, but late. The details are in the audit log; most often a clock is wrong.
alert-event-failed =
    ⚠️ <b>Something could not be processed</b>
    <code>{ $consumer }</code> has given up { $count ->
        [one] a <code>{ $type }</code> event. It waits
       *[other] { $count } <code>{ $type }</code> events. They wait
    } in <code>yabot dlq list</code>.
alert-subscribers-stopped =
    🛑 <b>Stopped as a precaution</b>
    <code>{ $group }</code> takes no more events, so as not to lose any. Look at <code>yabot dlq list</code>, mend what fails and start the program again.
alert-store-lost =
    🔌 <code>{ $store }</code> does not answer{ $count ->
        [one] .
       *[other] : { $count } times within the last hour.
    }
alert-store-restored =
    💚 <code>{ $store }</code> answers again{ $count ->
        [one] .
       *[other] : { $count } times within the last hour.
    }
