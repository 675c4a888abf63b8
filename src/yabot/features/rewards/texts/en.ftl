besitos-reason-reaction = a page you reacted to
rewards-first =
    { $amount ->
        [one] 💋 Your reaction has left <b>1 besito</b> in your name.
       *[other] 💋 Your reaction has left <b>{ $amount } besitos</b> in your name.
    } Many pages give some, once each, and when you have earned enough, hints unlock. /balance shows how many you have.
