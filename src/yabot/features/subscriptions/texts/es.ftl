command-vip = Las llaves de las puertas VIP
command-terms = Las condiciones de lo que se compra
command-paysupport = Ayuda con un pago
subscriptions-premium = Premium
subscriptions-vip = VIP
subscriptions-unknown-plan = otra compra
subscriptions-premium-offer = <b>Premium</b> · { $stars } ⭐ por { $days } días
    Abre todas las puertas VIP de la historia.
subscriptions-vip-offer = <b>VIP</b> · { $stars } ⭐ por { $days } días
    Abre las mismas puertas, y además ayudas a que el libro se siga escribiendo.
subscriptions-none = 🔑 Hay páginas detrás de puertas cerradas. Estas son las llaves:
subscriptions-active = 🔑 Tienes <b>{ $plan }</b> hasta el { DATETIME($until, dateStyle: "long") }. Las puertas VIP están abiertas para ti.
subscriptions-cancelled = 🔑 Cancelaste, y tu llave <b>{ $plan }</b> sigue abriendo hasta el { DATETIME($until, dateStyle: "long") }.
subscriptions-rules = Se paga una vez, con estrellas de Telegram: nada se renueva ni se cobra solo. Si compras con una llave en la mano, el tiempo se suma; si cambias de plan, lo que te queda se convierte por lo que vale. Las condiciones: /terms
subscriptions-buy = { $plan } · { $stars } ⭐
subscriptions-cancel = Cancelar la suscripción
subscriptions-cancel-ask = ¿Cancelo tu suscripción? Las puertas siguen abiertas hasta el { DATETIME($until, dateStyle: "long") }, y ya no te avisaré antes de que acabe.
subscriptions-cancel-yes = Sí, cancélala
subscriptions-cancel-no = No, la conservo
subscriptions-cancel-done = Cancelada. Las puertas siguen abiertas para ti hasta el { DATETIME($until, dateStyle: "long") }; si cambias de idea, /vip.
subscriptions-cancel-kept = Bien: todo sigue como estaba.
subscriptions-cancel-nothing = No hay ninguna suscripción que cancelar.
subscriptions-plan-gone = Esa llave ya no se vende. Las de hoy están en /vip.
subscriptions-invoice = { $days } días con todas las puertas VIP abiertas. Se paga una vez y no se renueva sola.
subscriptions-offer-outdated = Esta oferta ya no vale y no se te ha cobrado nada. Escribe /vip y te enseño las de hoy.
subscriptions-payer-unknown = Ya no te conozco, y no se te ha cobrado nada. Escribe /start y después /vip.
subscriptions-thanks = ⭐ ¡Gracias! Tienes <b>{ $plan }</b> hasta el { DATETIME($until, dateStyle: "long") }. Las puertas VIP se abren desde ahora.
subscriptions-read = 📖 Seguir leyendo
subscriptions-see-plans = 🔑 Ver las llaves
subscriptions-refunding = He recibido tu pago, pero no puedo darte lo que pagaste. Te devuelvo las estrellas ahora mismo.
subscriptions-held = He recibido tu pago, y la llave se me resiste. Lo intento otra vez dentro de un minuto; si no puede ser, te devuelvo las estrellas.
subscriptions-refunded = Te he devuelto { $stars } ⭐.
subscriptions-refunded-ended = Te he devuelto { $stars } ⭐. Con ellas se va la suscripción que pagaron: las puertas VIP vuelven a estar cerradas.
subscriptions-refunded-shorter = Te he devuelto { $stars } ⭐, y el tiempo que pagaron se descuenta: tu suscripción llega hasta el { DATETIME($until, dateStyle: "long") }.
subscriptions-ending = ⏳ Tu llave <b>{ $plan }</b> abre hasta el { DATETIME($until, dateStyle: "long") }. Si quieres que siga abriendo, súmale tiempo cuando te apetezca.
subscriptions-ended = 🔒 Tu suscripción <b>{ $plan }</b> ha terminado, y las puertas VIP vuelven a estar cerradas. Gracias por haberlas abierto; la llave te espera en /vip.
subscriptions-losing = ⚠️ Tienes una suscripción hasta el { DATETIME($until, dateStyle: "long") }: si te olvido, se pierde, y no se devuelve.
subscriptions-terms =
    <b>Condiciones</b>

    <b>Qué compras.</b> Una suscripción abre las puertas VIP de la historia durante { $days } días. Se paga por adelantado, una sola vez, con estrellas de Telegram; no se renueva sola.

    <b>Más tiempo u otro plan.</b> Otra compra del mismo plan suma { $days } días. Si compras el otro plan, el tiempo que te queda se convierte por su valor y se suma.

    <b>Cancelar.</b> Cuando quieras, en /vip. El acceso sigue hasta la fecha que pagaste.

    <b>Devoluciones.</b> Si algo no va como debía, pídela con /paysupport. Lo que pagó un cobro devuelto termina en el acto. Un pago que no puedo atender se devuelve solo.

    <b>Olvidarte.</b> Con /forget se pierde la suscripción. De los pagos guardo tu identificador, la fecha, la cantidad y el número del cobro, porque hacen falta para devolverlos.

    La ayuda con los pagos la doy yo, en /paysupport: el soporte de Telegram y el de BotFather no pueden resolverlos.
subscriptions-support =
    <b>Ayuda con un pago</b>
    ¿Pagaste y la puerta no se abre, o quieres que te devuelva un pago? Di el número del cobro y qué ha pasado. Los cobros se comparan con la lista de Telegram cada hora: lo que se hubiera perdido por el camino se arregla solo.
subscriptions-support-contact = Escribe a { $contact }
subscriptions-support-nobody = Escribe a quien lleva este bot: su contacto está en el perfil del bot.
subscriptions-payments = Tus últimos pagos:
subscriptions-no-payments = Todavía no me has pagado nada.
subscriptions-payment = { DATETIME($on, dateStyle: "long") } · { $plan } · { $stars } ⭐ · { $state }
subscriptions-payment-paid = recibido
subscriptions-payment-activated = entregado
subscriptions-payment-refunding = devolución en camino
subscriptions-payment-refunded = devuelto
subscriptions-payment-left = no es de aquí
subscriptions-refund-forwarded = No devuelvo nada por palabras que ha escrito otra persona. Escribe tú /refund y el número del cobro.
subscriptions-refund-ask = ¿Devuelvo { $stars } ⭐ a { $user }? Lo que pagaron termina en el acto.
subscriptions-refund-yes = Sí, devuélvelas
subscriptions-refund-no = No
subscriptions-refund-kept = Entonces no cambia nada.
subscriptions-refund-unknown = No conozco ningún cobro así que no esté devuelto ya. Escribe /refund y el número del cobro.
subscriptions-refund-begun = Devuelvo { $stars } ⭐ a { $user }. Lo que pagaron ha terminado ya.
subscriptions-refund-coming = Te devuelvo { $stars } ⭐, como pediste: llegan enseguida. El tiempo que pagaron ha terminado.
subscriptions-keeps = De lo que pagas con estrellas de Telegram, qué fue, cuántas, cuándo y el número del cobro. Cobra Telegram: tu tarjeta no la veo nunca.
subscriptions-lasts = Los pagos no caducan: puede que haya que devolverlos (/terms).
subscriptions-forget = Tu suscripción se pierde. Los pagos con estrellas siguen, con tu identificador y sin tu nombre.
