from oscar.apps.customer.apps import CustomerConfig as OscarCustomerConfig


class CustomerConfig(OscarCustomerConfig):
    """Shoppers, and the one user model of the project."""

    name = "mall.customer"
    label = "customer"
