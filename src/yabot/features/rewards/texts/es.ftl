besitos-reason-reaction = una página a la que reaccionaste
rewards-first =
    { $amount ->
        [one] 💋 Tu reacción ha dejado <b>1 besito</b> a tu nombre.
       *[other] 💋 Tu reacción ha dejado <b>{ $amount } besitos</b> a tu nombre.
    } Muchas páginas los dan, una vez cada una, y cuando juntas bastantes se abren pistas. Con /balance ves cuántos tienes.
