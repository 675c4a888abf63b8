besitos-reason-reaction = a page you reacted to
rewards-first =
    { $amount ->
        [one] 💋 Your reaction has left <b>1 besito</b> in your name.
       *[other] 💋 Your reaction has left <b>{ $amount } besitos</b> in your name.
    } Many pages give some, once each, and when you have earned enough, hints unlock. /balance shows how many you have.
rewards-losing = Should you come back one day, the pages that have given you besitos give you none again: the hints that unlock with them may stay locked.
