alert-ordering-violated =
    ⚠️ <b>Fuera de orden</b>
    { $count ->
        [one] Un evento <code>{ $type }</code> de otro servicio llegó
       *[other] { $count } eventos <code>{ $type }</code> de otro servicio llegaron
    } después de lo que debía ir detrás. Nada se ha perdido: ha tenido su efecto, pero tarde. Los detalles están en la auditoría; lo más común es un reloj mal puesto.
alert-event-failed =
    ⚠️ <b>Algo no se pudo procesar</b>
    <code>{ $consumer }</code> ha dejado por imposible { $count ->
        [one] un evento
       *[other] { $count } eventos
    } <code>{ $type }</code>. { $count ->
        [one] Espera
       *[other] Esperan
    } en <code>yabot dlq list</code>.
alert-subscribers-stopped =
    🛑 <b>Parado por precaución</b>
    <code>{ $group }</code> se ha detenido para no perder más eventos. Mira <code>yabot dlq list</code>, arregla lo que falla y arranca de nuevo el programa.
alert-store-lost =
    🔌 <code>{ $store }</code> no responde{ $count ->
        [one] .
       *[other] : { $count } veces en la última hora.
    }
alert-store-restored =
    💚 <code>{ $store }</code> responde de nuevo{ $count ->
        [one] .
       *[other] : { $count } veces en la última hora.
    }
