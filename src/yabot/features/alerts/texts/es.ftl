alert-ordering-violated =
    ⚠️ <b>Fuera de orden</b>
    { $count ->
        [one] Un evento <code>{ $type }</code> de otro servicio llegó
       *[other] { $count } eventos <code>{ $type }</code> de otro servicio llegaron
    } después de lo que debía ir detrás. Nada se ha perdido: ha tenido su efecto, pero tarde. Los detalles están en la auditoría; lo más común es un reloj mal puesto.
alert-sequence-gap =
    🕳 <b>Un hueco en el registro</b>
    Faltan eventos de la partición { $partition }{ $count ->
        [one] :
       *[other] , en { $count } lugares hallados en la última hora:
    } se han perdido filas de SQL, o alguien las ha quitado. Lo que viene detrás tiene su efecto. <code>sequence_gap</code> en la auditoría dice cuáles.
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
    <code>{ $group }</code> se ha detenido para no perder más eventos. Mira <code>yabot dlq list</code>, arregla lo que falla y deja que siga: <code>yabot groups go-on { $group }</code>.
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
alert-update-unreadable =
    📦 <b>Algo que no sé leer</b>
    Telegram ha traído { $count ->
        [one] una actualización
       *[other] { $count } actualizaciones
    } del tipo <code>{ $type }</code> que esta versión no entiende. { $count ->
        [one] Está guardada y se vuelve
       *[other] Están guardadas y se vuelven
    } a intentar en cada arranque: quizá toque actualizar el programa.
alert-message-uncertain =
    ❔ <b>¿Dicho o no dicho?</b>
    La conexión se cortó una y otra vez { $count ->
        [one] en una llamada de <code>{ $method }</code>
       *[other] en { $count } llamadas de <code>{ $method }</code>
    }: nadie sabe si Telegram la oyó. Los detalles están en la auditoría.
alert-another-poller =
    👥 <b>Somos dos</b>
    Otro programa pide actualizaciones a Telegram con mi token, así que cada uno recibe solo una parte. Para uno de los dos, o dale su propio token.
alert-foreign-webhook =
    🙉 <b>Estoy sordo</b>
    Telegram entrega a un webhook que yo no he puesto. Para lo que lo haya puesto y ejecuta <code>yabot webhook remove</code>, o define <code>WEBHOOK_URL</code>.
alert-webhook-taken =
    👥 <b>Alguien me quita el webhook</b>
    Otro programa con mi token lo ha quitado o cambiado; yo lo pongo de nuevo cada vez. Para el otro, o dale su propio token.
alert-webhook-not-set =
    🪝 <b>Sin webhook</b>
    Telegram no acepta <code>WEBHOOK_URL</code>; lo sigo intentando, y mientras tanto pregunto yo donde se puede. El registro dice por qué.
alert-deliveries-fail =
    📭 <b>Hay actualizaciones esperando en Telegram</b>
    No llegan por el webhook, o no lo bastante deprisa. <code>yabot doctor</code> cuenta lo que dice Telegram.
alert-message-failed =
    ✉️ <b>No entregado</b>
    { $count ->
        [one] Una llamada <code>{ $method }</code>
       *[other] { $count } llamadas <code>{ $method }</code>
    } a Telegram no { $count ->
        [one] ha salido bien: rechazada sin remedio, o intentada
       *[other] han salido bien: rechazadas sin remedio, o intentadas
    } tantas veces como se puede. La auditoría dice cuál.
alert-document-refused =
    🗄 <b>MongoDB rechaza el estado de alguien</b>
    { $count ->
        [one] Ha respondido
       *[other] { $count } veces en la última hora ha respondido
    }: <code>{ $reason }</code>. Quien lee no nota nada, porque SQL tiene lo que MongoDB no acepta; <code>yabot audit stores</code> dice de quién es.
alert-page-refused =
    📄 <b>Una página que Telegram no muestra</b>
    <code>{ $fragment }</code> en <code>{ $language }</code> (<code>{ $reason }</code>){ $count ->
        [one] : quien la leía la recibió sin formato, o una disculpa.
       *[other] , { $count } veces en la última hora.
    } Arregla la página e importa otra vez la historia.
alert-auth-abuse =
    🚪 <b>Alguien fuerza la puerta</b>
    A la API interna siguen llegando peticiones sin un token válido{ $count ->
        [one] , y se les dice que esperen.
       *[other] : se ha notado { $count } veces en la última hora. Se les dice que esperen.
    } <code>api.auth_abuse</code>, en el registro, dice desde dónde; <code>docs/operations.md</code>, qué hacer.
alert-migration-rolled-back =
    ↩️ <b>De vuelta al bot anterior</b>
    La migración se ha deshecho{ $count ->
        [one] { "" }
       *[other] , { $count } veces en la última hora
    }: { $reason ->
        [too_many_refused] demasiadas entradas del almacén anterior no se pueden importar
       *[verification_failed] lo importado no es lo que dice el almacén anterior
    }. No se pierde a nadie: el almacén anterior tiene a todo el mundo, como está ahora. El informe de la importación dice qué arreglar.
alert-charges-left =
    💫 <b>Estrellas de otro sitio</b>
    En la lista de Telegram hay pagos de facturas de este bot que no se hicieron aquí, que yo sepa: otra base de datos estaba en el lugar de esta, o esta es una copia anterior a ellos. Los dejo como están; <code>SELECT * FROM payments WHERE state = 'left'</code> los enseña y <code>/refund</code> devuelve uno.
