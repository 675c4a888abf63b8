command-shop = Lo que se compra con besitos
menu-shop = 🛍 La tienda
besitos-reason-purchase = algo que te compraste
shop-counter = 🛍 En el bolsillo de mi contraportada guardo unas cuantas cosas. Se pagan en besitos:
shop-empty = 🛍 Ahora mismo no me queda nada en el bolsillo de la contraportada.
shop-price =
    { $price ->
        [one] 1 besito
       *[other] { $price } besitos
    }
shop-owned = En tus manos:
shop-owned-more = … y { $count } más
shop-ask =
    { $price ->
        [one] ¿Trato hecho? Es <b>1 besito</b>
       *[other] ¿Trato hecho? Son <b>{ $price } besitos</b>
    } { $balance ->
        [one] y tienes <b>1</b>.
       *[other] y tienes <b>{ $balance }</b>.
    }
shop-yes = 💋 Trato hecho
shop-no = No, otro día
shop-declined = En el bolsillo se queda, por si vuelves.
shop-back = 🛍 Seguir mirando
shop-bought =
    Ya está en tus manos. { $balance ->
        [0] No te quedan besitos.
        [one] Te queda <b>1 besito</b>.
       *[other] Te quedan <b>{ $balance } besitos</b>.
    }
shop-insufficient =
    { $price ->
        [one] Cuesta <b>1 besito</b>.
       *[other] Cuesta <b>{ $price } besitos</b>.
    } { $missing ->
        [one] Te falta <b>1</b>: llega solo cuando reaccionas a una página que te gusta. Yo te lo guardo.
       *[other] Te faltan <b>{ $missing }</b>: llegan solos cuando reaccionas a las páginas que te gustan. Yo te lo guardo.
    }
shop-price-changed = El precio no es el que te dije: ha cambiado desde entonces. Este es el de ahora:
shop-outdated = Eso ya no está a la venta. En /shop ves lo que hay hoy.
shop-already-owned = De eso solo hay una pieza, y ya está en tus manos.
shop-repeated = Eso ya está pagado y en tus manos: con una vez basta.
