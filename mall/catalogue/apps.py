from oscar.apps.catalogue.apps import CatalogueConfig as OscarCatalogueConfig


class CatalogueConfig(OscarCatalogueConfig):
    """Products, filled in bulk by `mall.catalogue.operations`."""

    name = "mall.catalogue"
    label = "catalogue"
