"""Pages about credit: the officers' queue and cases, merchants' financing, shoppers' plans."""
