legacy-keeps = Del bot anterior a este, lo que sabía de ti.
