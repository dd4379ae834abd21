"""One module for each kind of source. `source(spec, context, scratch)` makes it; `addresses.SCHEMES` says for which."""
