alert-ordering-violated =
    ⚠️ <b>Out of order</b>
    { $count ->
        [one] A <code>{ $type }</code> event of another service
       *[other] { $count } <code>{ $type }</code> events of another service
    } came after what should have come behind. Nothing is lost: it has taken effect, but late. The details are in the audit log; most often a clock is wrong.
alert-sequence-gap =
    🕳 <b>The log has a gap</b>
    Events of partition { $partition } are missing{ $count ->
        [one] :
       *[other] , in { $count } places found within the last hour:
    } rows of SQL were lost, or removed by hand. What follows them takes effect. <code>sequence_gap</code> in the audit log says which.
alert-event-failed =
    ⚠️ <b>Something could not be processed</b>
    <code>{ $consumer }</code> has given up { $count ->
        [one] a <code>{ $type }</code> event. It waits
       *[other] { $count } <code>{ $type }</code> events. They wait
    } in <code>yabot dlq list</code>.
alert-subscribers-stopped =
    🛑 <b>Stopped as a precaution</b>
    <code>{ $group }</code> takes no more events, so as not to lose any. Look at <code>yabot dlq list</code>, mend what fails, then let it go on: <code>yabot groups go-on { $group }</code>.
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
alert-update-unreadable =
    📦 <b>Something I cannot read</b>
    Telegram has brought { $count ->
        [one] an update
       *[other] { $count } updates
    } of the kind <code>{ $type }</code> that this version does not understand. { $count ->
        [one] It is kept, and is
       *[other] They are kept, and are
    } tried again at each start: an upgrade may be due.
alert-message-uncertain =
    ❔ <b>Said, or not said?</b>
    The connection broke off { $count ->
        [one] during a call of <code>{ $method }</code>
       *[other] during { $count } calls of <code>{ $method }</code>
    }, again and again: nobody knows whether Telegram has heard. The details are in the audit log.
alert-another-poller =
    👥 <b>Two of me</b>
    Another program polls Telegram with my token, so that each gets a part of the updates. Stop one of them, or give it a token of its own.
alert-foreign-webhook =
    🙉 <b>I am deaf</b>
    Telegram delivers to a webhook that I have not set. Stop whatever has set it and run <code>yabot webhook remove</code>, or set <code>WEBHOOK_URL</code>.
alert-webhook-taken =
    👥 <b>Somebody takes my webhook away</b>
    Another program with my token has removed or replaced it; I set it again each time. Stop the other one, or give it a token of its own.
alert-webhook-not-set =
    🪝 <b>No webhook</b>
    Telegram does not take <code>WEBHOOK_URL</code>; I try again, and poll meanwhile where I can. The log says why.
alert-deliveries-fail =
    📭 <b>Updates wait at Telegram</b>
    They do not come through the webhook, or not fast enough. <code>yabot doctor</code> tells what Telegram says.
alert-message-failed =
    ✉️ <b>Not delivered</b>
    { $count ->
        [one] A <code>{ $method }</code> call
       *[other] { $count } <code>{ $method }</code> calls
    } to Telegram did not get through: refused for good, or tried as often as it may be. The audit log says which.
alert-document-refused =
    🗄 <b>MongoDB refuses a reader's state</b>
    { $count ->
        [one] It
       *[other] { $count } times within the last hour it
    } answered: <code>{ $reason }</code>. Readers notice nothing, for SQL has what MongoDB does not take; <code>yabot audit stores</code> says whose it is.
alert-page-refused =
    📄 <b>A page that Telegram does not show</b>
    <code>{ $fragment }</code> in <code>{ $language }</code> (<code>{ $reason }</code>){ $count ->
        [one] : its reader got it without markup, or an apology.
       *[other] , { $count } times within the last hour.
    } Mend the page and import the story again.
alert-auth-abuse =
    🚪 <b>Somebody rattles at the door</b>
    Requests without a valid token keep coming to the internal API{ $count ->
        [one] , and are told to wait.
       *[other] : noticed { $count } times within the last hour. They are told to wait.
    } <code>api.auth_abuse</code> in the log says from where; <code>docs/operations.md</code> says what to do.
alert-migration-rolled-back =
    ↩️ <b>Back to the old bot</b>
    The migration has been taken back{ $count ->
        [one] { "" }
       *[other] , { $count } times within the last hour
    }: { $reason ->
        [too_many_refused] too many entries of the old store cannot be imported
       *[verification_failed] what was imported is not what the old store says
    }. Nobody is lost: the old store has everybody, as they are now. The import's report says what to mend.
alert-charges-left =
    💫 <b>Stars from elsewhere</b>
    Telegram's list has payments for this bot's invoices that were not made here, as far as I know: another database was in this one's place, or this one is a backup of before them. I leave them as they are; <code>SELECT * FROM payments WHERE state = 'left'</code> shows them, and <code>/refund</code> gives one back.
