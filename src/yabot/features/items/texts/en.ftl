items-losing =
    { $things ->
        [one] What you have in your hands is lost, too.
       *[other] The <b>{ $things } things</b> in your hands are lost, too.
    }
items-keeps = Of your things, which are in your hands.
