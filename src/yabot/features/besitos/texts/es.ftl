command-balance = Tus besitos y lo último que hiciste con ellos
command-gift = Regala besitos a otro lector
menu-balance = 💋 Mis besitos
besitos-balance =
    { $balance ->
        [0] 💋 Ahora mismo no tienes besitos.
        [one] 💋 Tienes <b>1 besito</b>.
       *[other] 💋 Tienes <b>{ $balance } besitos</b>.
    }
besitos-movements = Lo último, de hoy hacia atrás:
besitos-no-movements = Llegan solos cuando reaccionas a las páginas que te gustan.
besitos-received = <b>+{ $amount }</b> · { $reason }
besitos-given = <b>−{ $amount }</b> · { $reason }
besitos-reason-gift =
    { $direction ->
        [in] un regalo que te hicieron
       *[out] un regalo que hiciste
    }
besitos-reason-other =
    { $direction ->
        [in] te los ganaste
       *[out] los gastaste
    }
besitos-losing =
    { $balance ->
        [one] También se pierde tu <b>besito</b>.
       *[other] También se pierden tus <b>{ $balance } besitos</b>.
    }
besitos-gift-how =
    Los besitos también se regalan. Dime a quién y cuántos, y te pregunto antes de darlos:

    <code>/gift @lucia 5</code>

    { $balance ->
        [0] Ahora mismo no tienes ninguno.
        [one] Tienes <b>1 besito</b>.
       *[other] Tienes <b>{ $balance } besitos</b>.
    }
besitos-gift-amount = Los besitos se dan enteros y de uno en adelante. Por ejemplo: <code>/gift @lucia 5</code>
besitos-gift-unknown = Entre mis lectores no encuentro a { $who }. Mira si está bien escrito, o invita a esa persona a abrir el libro.
besitos-gift-gone = Esa persona no está entre mis lectores: tus besitos siguen contigo.
besitos-gift-own = Ese regalo no saldría de tus manos: elige a otra persona.
besitos-gift-insufficient =
    { $balance ->
        [0] Qué generosidad, pero ahora mismo no tienes besitos que dar.
        [one] Qué generosidad, pero solo tienes <b>1 besito</b>.
       *[other] Qué generosidad, pero solo tienes <b>{ $balance } besitos</b>.
    }
besitos-gift-ask =
    { $amount ->
        [one] ¿Le doy <b>1 besito</b> tuyo a { $who }?
       *[other] ¿Le doy <b>{ $amount } besitos</b> tuyos a { $who }?
    }
besitos-gift-yes = 💋 Sí, dáselos
besitos-gift-no = No, me los quedo
besitos-gift-kept = Se quedan contigo.
besitos-gift-repeated = Ese regalo ya está entregado.
besitos-gift-given =
    { $amount ->
        [one] Entregado: <b>1 besito</b>.
       *[other] Entregados: <b>{ $amount } besitos</b>.
    } { $balance ->
        [0] No te queda ninguno.
        [one] Te queda <b>1</b>.
       *[other] Te quedan <b>{ $balance }</b>.
    }
besitos-gift-searches = Has buscado a mucha gente en poco rato. Dentro de un rato puedes seguir regalando.
besitos-gifts-received =
    { $gifts ->
        [one] 💋 Te han hecho otro regalo: { $amount ->
            [one] <b>1 besito</b>
           *[other] <b>{ $amount } besitos</b>
        }.
       *[other] 💋 Te han hecho { $gifts } regalos más, <b>{ $amount } besitos</b> en total.
    } Con /balance ves cuántos tienes.
besitos-gift-received =
    { $amount ->
        [one] 💋 { $who } te regala <b>1 besito</b>.
       *[other] 💋 { $who } te regala <b>{ $amount } besitos</b>.
    } Con /balance ves cuántos tienes.
besitos-keeps = De los besitos, cuántos tienes y cada vez que te llegaron o los diste: cuántos, por qué, con quién y cuándo.
besitos-lasts = Las cuentas de besitos no caducan: lo que uno da, otro lo tiene.
besitos-forget = Los besitos que te queden se pierden. Sus movimientos y las compras que pagaste con ellos siguen, con tu identificador y sin tu nombre. Si justo entonces le cuento a alguien un regalo tuyo, aún lee tu nombre, como en los mensajes que ya tiene.
