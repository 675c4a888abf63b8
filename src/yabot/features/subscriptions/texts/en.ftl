command-vip = The keys to the VIP doors
command-terms = The terms of what is sold
command-paysupport = Help with a payment
subscriptions-premium = Premium
subscriptions-vip = VIP
subscriptions-unknown-plan = something else
subscriptions-premium-offer = <b>Premium</b> · { $stars } ⭐ for { $days } days
    Opens every VIP door of the story.
subscriptions-vip-offer = <b>VIP</b> · { $stars } ⭐ for { $days } days
    Opens the same doors, and you help the book to go on being written.
subscriptions-none = 🔑 There are pages behind closed doors. These are the keys:
subscriptions-active = 🔑 You have <b>{ $plan }</b> until { DATETIME($until, dateStyle: "long") }. The VIP doors are open for you.
subscriptions-cancelled = 🔑 You cancelled, and your key <b>{ $plan }</b> still opens until { DATETIME($until, dateStyle: "long") }.
subscriptions-rules = You pay once, in Telegram Stars: nothing renews or charges itself. If you buy with a key in your hand, the time is added; if you change plan, what you have left is converted at its worth. The terms: /terms
subscriptions-buy = { $plan } · { $stars } ⭐
subscriptions-cancel = Cancel the subscription
subscriptions-cancel-ask = Shall I cancel your subscription? The doors stay open until { DATETIME($until, dateStyle: "long") }, and I will not remind you before it ends.
subscriptions-cancel-yes = Yes, cancel it
subscriptions-cancel-no = No, I keep it
subscriptions-cancel-done = Cancelled. The doors stay open for you until { DATETIME($until, dateStyle: "long") }; if you change your mind, /vip.
subscriptions-cancel-kept = Good: everything stays as it was.
subscriptions-cancel-nothing = There is no subscription to cancel.
subscriptions-plan-gone = That key is not sold any more. Today's are in /vip.
subscriptions-invoice = { $days } days with every VIP door open. You pay once, and it does not renew itself.
subscriptions-offer-outdated = This offer no longer stands, and nothing has been charged. Send /vip and I show you today's.
subscriptions-payer-unknown = I do not know you any more, and nothing has been charged. Send /start, and then /vip.
subscriptions-thanks = ⭐ Thank you! You have <b>{ $plan }</b> until { DATETIME($until, dateStyle: "long") }. The VIP doors are open from now on.
subscriptions-read = 📖 Read on
subscriptions-see-plans = 🔑 See the keys
subscriptions-refunding = Your payment has reached me, but I cannot give you what you paid for. I am giving your Stars back right now.
subscriptions-held = Your payment has reached me, and the key resists. I try again in a minute; if it cannot be, I give your Stars back.
subscriptions-refunded = I have given you back { $stars } ⭐.
subscriptions-refunded-ended = I have given you back { $stars } ⭐. The subscription that they paid for goes with them: the VIP doors are closed again.
subscriptions-refunded-shorter = I have given you back { $stars } ⭐, and the time that they paid for is taken off: your subscription lasts until { DATETIME($until, dateStyle: "long") }.
subscriptions-ending = ⏳ Your key <b>{ $plan }</b> opens until { DATETIME($until, dateStyle: "long") }. If you want it to go on opening, add time whenever you like.
subscriptions-ended = 🔒 Your subscription <b>{ $plan }</b> has ended, and the VIP doors are closed again. Thank you for having opened them; the key waits for you in /vip.
subscriptions-losing = ⚠️ You have a subscription until { DATETIME($until, dateStyle: "long") }: if I forget you it is lost, and not paid back.
subscriptions-terms =
    <b>Terms</b>

    <b>What you buy.</b> A subscription opens the VIP doors of the story for { $days } days. It is paid in advance, once, in Telegram Stars; it does not renew itself.

    <b>More time, or another plan.</b> Buying the same plan again adds { $days } days. If you buy the other plan, the time you have left is converted at its worth and added.

    <b>Cancelling.</b> Whenever you like, in /vip. Access stays until the date you have paid for.

    <b>Refunds.</b> If something is not as it should be, ask for one with /paysupport. What a refunded charge paid for ends at once. A payment that I cannot honour is given back by itself.

    <b>Being forgotten.</b> With /forget the subscription is lost. Of payments I keep your id, the date, the amount and the number of the charge, because refunds need them.

    I am the one who helps with payments, in /paysupport: Telegram's support and BotFather's cannot resolve them.
subscriptions-support =
    <b>Help with a payment</b>
    You paid and the door stays shut, or you want a payment back? Tell the number of the charge and what has happened. Charges are compared with Telegram's list every hour: what got lost on its way mends itself.
subscriptions-support-contact = Write to { $contact }
subscriptions-support-nobody = Write to whoever runs this bot: their contact is in the bot's profile.
subscriptions-payments = Your latest payments:
subscriptions-no-payments = You have not paid me anything yet.
subscriptions-payment = { DATETIME($on, dateStyle: "long") } · { $plan } · { $stars } ⭐ · { $state }
subscriptions-payment-paid = received
subscriptions-payment-activated = delivered
subscriptions-payment-refunding = being given back
subscriptions-payment-refunded = given back
subscriptions-payment-left = not from here
subscriptions-refund-forwarded = I give nothing back on words that somebody else has written. Send /refund and the number of the charge yourself.
subscriptions-refund-ask = Shall I give { $stars } ⭐ back to { $user }? What they paid for ends at once.
subscriptions-refund-yes = Yes, give them back
subscriptions-refund-no = No
subscriptions-refund-kept = Then nothing changes.
subscriptions-refund-unknown = I know of no such charge that is not given back already. Send /refund and the number of the charge.
subscriptions-refund-begun = I am giving { $stars } ⭐ back to { $user }. What they paid for has ended.
subscriptions-refund-coming = I am giving you back { $stars } ⭐, as you asked: they arrive in a moment. The time that they paid for has ended.
subscriptions-keeps = Of what you pay in Stars, what it was, how many, when, and the number of the charge. Telegram takes the payment: I never see your card.
subscriptions-lasts = Payments do not expire: they may have to be given back (/terms).
subscriptions-forget = Your subscription is lost. The payments in Stars stay, with your id and without your name.
