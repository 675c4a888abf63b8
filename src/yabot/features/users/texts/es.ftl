command-notices = Lo que te cuento sin que preguntes
command-mydata = Todo lo que guardo de ti
command-forget = Bórrame de tu memoria
command-privacy = Qué guardo y por qué
users-somebody = otra persona que lee
users-stranger = No nos conocemos todavía. Escribe /start y empezamos.
users-mydata = Esto es todo lo que guardo de ti, salvo dos cosas: los números con los que sé qué hice ya, y qué mensaje mío te enseñó qué página. Lo que nos escribimos está aquí, en nuestro chat: yo no lo guardo.
users-notices-off = 🔕 No quiero más avisos
users-notices-on = 🔔 Vuelve a avisarme
users-notices-are-on = Te aviso por mi cuenta de regalos, de pistas y de lo que va a terminar.
users-notices-are-off = Desde ahora solo te contesto, y no te aviso de nada por mi cuenta. Con /notices vuelven los avisos.
users-mydata-under-way = Tu archivo ya está en camino. Si quieres otro más nuevo, pídelo cuando llegue.
users-forget-ask = ¿Quieres que te olvide? Se borran tu perfil, tu camino por la historia y tus pistas. No hay vuelta atrás.
users-forget-yes = Sí, olvídame
users-forget-no = No, quédate conmigo
users-forget-kept = Entonces me quedo con tu recuerdo. /story te devuelve a tu página.
users-forgotten = Hecho. De ti solo quedan números en mis cuentas, sin tu nombre. Si un día vuelves, /start abre el libro por la primera página.
users-privacy =
    <b>Qué guardo</b>
    De ti, lo que da Telegram: tu identificador, tu nombre, tu alias y tu idioma; y el día en que llegaste y el último en que viniste.
    De la historia, dónde estás, lo que elegiste, las pistas que encontraste, qué mensaje te enseñó qué página y lo que tienes en las manos.
    De los besitos, cuántos tienes y cada vez que te llegaron o los diste: cuántos, por qué, con quién y cuándo.
    De lo que pagas con Stars, qué fue, cuántas, cuándo y el número del cargo. Cobra Telegram: tu tarjeta no la veo nunca.

    <b>Para qué</b>
    Para contarte la historia donde la dejaste y para que las cuentas cuadren. No lo doy ni lo vendo a nadie.

    <b>Cuánto tiempo</b>
    Tu perfil, tu camino y tus cosas, hasta que tú quieras. Lo que me escribes, hasta que contesto, y lo que te escribo, hasta que sale. El diario de lo que haces, con la palabra que puede traer un enlace, treinta días, si quien me cuida no ha puesto otro plazo. Las cuentas de besitos y de pagos no caducan: lo que uno da, otro lo tiene, y los pagos se pueden devolver (/terms).

    <b>Si dices /forget</b>
    Se borran tu perfil, tu camino por la historia, tus cosas y tu suscripción, y se vacía lo que aún va de camino entre los dos. Los besitos que te queden se pierden. Siguen, con tu identificador y sin tu nombre, los movimientos de besitos, las compras que pagaste con ellos y los pagos con Stars; el diario, hasta que le llega su plazo. Si justo entonces le cuento a alguien un regalo tuyo, aún lee tu nombre, como en los mensajes que ya tiene. Y un número hecho de tu identificador, con el que te olvido otra vez si tienen que recomponerme de una copia más antigua.

    Con /mydata ves lo que guardo de ti.
