besitos-reason-reaction = una página a la que reaccionaste
rewards-first =
    { $amount ->
        [one] 💋 Tu reacción ha dejado <b>1 besito</b> a tu nombre.
       *[other] 💋 Tu reacción ha dejado <b>{ $amount } besitos</b> a tu nombre.
    } Muchas páginas los dan, una vez cada una, y cuando juntas bastantes se abren pistas. Con /balance ves cuántos tienes.
rewards-losing = Si vuelves algún día, las páginas que ya te dieron besitos no te los dan otra vez: las pistas que se abren con ellos pueden quedarse cerradas.
