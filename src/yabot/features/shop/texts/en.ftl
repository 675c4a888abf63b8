command-shop = What besitos can buy
menu-shop = 🛍 The shop
besitos-reason-purchase = something you bought
shop-counter = 🛍 In the pocket inside my back cover I keep a few things. They are paid for in besitos:
shop-empty = 🛍 Right now the pocket inside my back cover has nothing left for you.
shop-price =
    { $price ->
        [one] 1 besito
       *[other] { $price } besitos
    }
shop-owned = In your hands:
shop-owned-more = … and { $count } more
shop-ask =
    { $price ->
        [one] Is it a deal? It is <b>1 besito</b>
       *[other] Is it a deal? It is <b>{ $price } besitos</b>
    } { $balance ->
        [one] and you have <b>1</b>.
       *[other] and you have <b>{ $balance }</b>.
    }
shop-yes = 💋 It's a deal
shop-no = No, another day
shop-declined = It stays in the pocket, in case you come back.
shop-back = 🛍 Look around
shop-bought =
    It is in your hands now. { $balance ->
        [0] You have no besitos left.
        [one] You have <b>1 besito</b> left.
       *[other] You have <b>{ $balance } besitos</b> left.
    }
shop-insufficient =
    { $price ->
        [one] It costs <b>1 besito</b>.
       *[other] It costs <b>{ $price } besitos</b>.
    } { $missing ->
        [one] You are <b>1</b> short: it comes by itself when you react to a page you like. I keep it for you.
       *[other] You are <b>{ $missing }</b> short: they come by themselves when you react to the pages you like. I keep it for you.
    }
shop-price-changed = The price is not the one I told you: it has changed since. This is today's:
shop-outdated = That is not for sale any more. /shop shows what there is today.
shop-already-owned = There is only one of that, and it is in your hands.
shop-repeated = That is paid for and in your hands: once is enough.
