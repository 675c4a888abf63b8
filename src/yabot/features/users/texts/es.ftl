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
users-keeps = De ti, lo que da Telegram: tu identificador, tu nombre, tu alias y tu idioma; y el día en que llegaste y el último en que viniste.
users-lasts = Todo esto, hasta que tú quieras; menos lo que sigue.
users-forget = Se borran tu perfil, tu camino y lo que tienes; menos lo que sigue. Queda un número hecho de tu identificador, con el que te olvido otra vez si tienen que recomponerme de una copia más antigua.
users-privacy-kept = <b>Qué guardo</b>
users-privacy-purpose =
    <b>Para qué</b>
    Para contarte la historia donde la dejaste y para que las cuentas cuadren. No lo doy ni lo vendo a nadie.
users-privacy-lasting = <b>Cuánto tiempo</b>
users-privacy-forget = <b>Si dices /forget</b>
users-privacy-own = Con /mydata ves lo que guardo de ti.
