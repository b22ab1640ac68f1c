"""Addresses of proposals, of a merchant's and of the bank's staff; and of the catalogue's upkeep."""

from django.urls import path

from mall.proposals import category_views, class_views, ops_views, views

urlpatterns = [
    path("merchant/catalogue/find/", views.find, name="merchant-find"),
    path("merchant/catalogue/offer/<int:product_id>/", views.offer, name="merchant-offer"),
    path("merchant/catalogue/propose/", views.propose, name="merchant-propose"),
    path("merchant/catalogue/change/<int:product_id>/", views.change, name="merchant-change"),
    path("merchant/catalogue/proposals/", views.proposals, name="merchant-proposals"),
    path("merchant/catalogue/proposals/<int:pk>/", views.proposal, name="merchant-proposal"),
    path("merchant/catalogue/proposals/<int:pk>/withdraw/", views.withdraw, name="merchant-proposal-withdraw"),
    path("merchant/catalogue/pictures/<str:token>/", views.picture, name="merchant-proposal-picture"),
    path("pictures/<str:name>.webp", views.public_picture, name="product-photo"),
    path("ops/catalogue/", ops_views.queue, name="ops-catalogue"),
    path("ops/catalogue/<int:pk>/", ops_views.decide, name="ops-proposal"),
    path("ops/catalogue/pictures/<str:token>/", ops_views.picture, name="ops-proposal-picture"),
    path("ops/catalogue/merge/", ops_views.merge, name="ops-merge"),
    path("ops/catalogue/weights/", ops_views.weights, name="ops-weights"),
    path("ops/catalogue/classes/", class_views.classes, name="ops-classes"),
    path("ops/catalogue/classes/<int:pk>/", class_views.one_class, name="ops-class"),
    path("ops/catalogue/categories/", category_views.categories, name="ops-categories"),
    path("ops/catalogue/categories/<slug:action>/", category_views.act, name="ops-category-act"),
]
