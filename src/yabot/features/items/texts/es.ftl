items-losing =
    { $things ->
        [one] También se pierde lo que tienes en las manos.
       *[other] También se pierden las <b>{ $things } cosas</b> que tienes en las manos.
    }
items-keeps = De tus cosas, cuáles tienes en las manos.
