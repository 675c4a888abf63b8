command-sign = Sign the guest book
toy-signed = Thank you, { $name }: { $times }.
