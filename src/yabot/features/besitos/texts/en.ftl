command-balance = Your besitos, and what you last did with them
command-gift = Give besitos to another reader
menu-balance = 💋 My besitos
besitos-balance =
    { $balance ->
        [0] 💋 You have no besitos right now.
        [one] 💋 You have <b>1 besito</b>.
       *[other] 💋 You have <b>{ $balance } besitos</b>.
    }
besitos-movements = What happened last, newest first:
besitos-no-movements = They come by themselves when you react to the pages you like.
besitos-received = <b>+{ $amount }</b> · { $reason }
besitos-given = <b>−{ $amount }</b> · { $reason }
besitos-reason-gift =
    { $direction ->
        [in] a present you were given
       *[out] a present you gave
    }
besitos-reason-other =
    { $direction ->
        [in] you earned them
       *[out] you spent them
    }
besitos-losing =
    { $balance ->
        [one] Your <b>1 besito</b> is lost, too.
       *[other] Your <b>{ $balance } besitos</b> are lost, too.
    }
besitos-gift-how =
    Besitos can be given away, too. Tell me to whom and how many, and I ask before I hand them over:

    <code>/gift @lucia 5</code>

    { $balance ->
        [0] Right now you have none.
        [one] You have <b>1 besito</b>.
       *[other] You have <b>{ $balance } besitos</b>.
    }
besitos-gift-amount = Besitos are given whole, from one upwards. For example: <code>/gift @lucia 5</code>
besitos-gift-unknown = I do not find { $who } among my readers. See whether it is spelled right, or invite them to open the book.
besitos-gift-gone = That person is not one of my readers: your besitos stay with you.
besitos-gift-own = That present would never leave your hands: choose somebody else.
besitos-gift-insufficient =
    { $balance ->
        [0] How generous, but right now you have no besitos to give.
        [one] How generous, but you only have <b>1 besito</b>.
       *[other] How generous, but you only have <b>{ $balance } besitos</b>.
    }
besitos-gift-ask =
    { $amount ->
        [one] Shall I hand <b>1 besito</b> of yours to { $who }?
       *[other] Shall I hand <b>{ $amount } besitos</b> of yours to { $who }?
    }
besitos-gift-yes = 💋 Yes, hand them over
besitos-gift-no = No, I keep them
besitos-gift-kept = They stay with you.
besitos-gift-repeated = That present has been handed over already.
besitos-gift-given =
    { $amount ->
        [one] Handed over: <b>1 besito</b>.
       *[other] Handed over: <b>{ $amount } besitos</b>.
    } { $balance ->
        [0] You have none left.
        [one] You have <b>1</b> left.
       *[other] You have <b>{ $balance }</b> left.
    }
besitos-gift-searches = You have looked for many people in a short time. You can go on giving in a while.
besitos-gifts-received =
    { $gifts ->
        [one] 💋 You were given another present: { $amount ->
            [one] <b>1 besito</b>
           *[other] <b>{ $amount } besitos</b>
        }.
       *[other] 💋 You were given { $gifts } more presents, <b>{ $amount } besitos</b> in all.
    } /balance shows how many you have.
besitos-gift-received =
    { $amount ->
        [one] 💋 { $who } gives you <b>1 besito</b>.
       *[other] 💋 { $who } gives you <b>{ $amount } besitos</b>.
    } /balance shows how many you have.
besitos-keeps = Of besitos, how many you have and each time they came to you or you gave them: how many, what for, with whom and when.
besitos-lasts = The accounts of besitos do not expire: what one gives, another has.
besitos-forget = The besitos you have left are lost. Their movements and the purchases that you paid for with them stay, with your id and without your name. If I am telling somebody of a present of yours at that very moment, they still read your name, as in the messages that they have already.
