"""Addresses of payments' pages."""

from django.urls import path

from payments.views import bank, book, book_entries, cases, making_up, money, ops, reviews

urlpatterns = [
    path("money/", money.money, name="money"),
    path("money/accounts/<str:number>/", money.statement, name="money-statement"),
    path("money/card/<str:reference>/", money.card_question, name="money-card"),
    path("money/bank/return/", bank.come_back, name="money-bank-return"),
    path("money/bank/notices/", bank.notices, name="money-bank-notices"),
    path("money/bank/<str:reference>/", bank.go, name="money-bank"),
    path("money/confirm/<int:tender_id>/", money.confirm, name="money-confirm"),
    path("ops/", ops.overview, name="ops"),
    path("ops/find/", ops.find, name="ops-find"),
    path("ops/run/", ops.run, name="ops-run"),
    path("ops/refunds/", making_up.page, name="ops-refunds"),
    path("ops/refunds/failed/", making_up.note_failure, name="ops-refunds-failed"),
    path("ops/refunds/<int:pk>/pay/", making_up.pay_failed, name="ops-refunds-pay"),
    path("ops/goodwill/", making_up.give, name="ops-goodwill"),
    path("ops/goodwill/<int:pk>/", making_up.decide, name="ops-goodwill-decide"),
    path("ops/correct/", making_up.correct, name="ops-correct"),
    path("ops/settlements/<int:pk>/", ops.settlement, name="ops-settlement"),
    path("ops/reviews/", reviews.queue, name="ops-reviews"),
    path("ops/reviews/<int:payment_id>/", reviews.review, name="ops-review"),
    path("ops/cases/", cases.index, name="ops-cases"),
    path("ops/cases/<int:case_id>/", cases.case, name="ops-case"),
    path("ops/cases/<int:case_id>/<slug:action>/", cases.act, name="ops-case-act"),
    path("ops/ledger/", book.chart, name="book"),
    path("ops/ledger/accounts/", book.accounts, name="book-accounts"),
    path("ops/ledger/account/", book.account, name="book-account"),
    path("ops/ledger/trial-balance/", book.trial_balance, name="book-trial-balance"),
    path("ops/ledger/balance-sheet/", book.balance_sheet, name="book-balance-sheet"),
    path("ops/ledger/profit-and-loss/", book.profit_and_loss, name="book-profit-and-loss"),
    path("ops/ledger/journal/<int:journal_id>/", book_entries.journal, name="book-journal"),
    path("ops/ledger/reference/", book_entries.reference, name="book-reference"),
    path("ops/ledger/seals/", book_entries.seals, name="book-seals"),
    path("ops/ledger/find/", book_entries.find, name="book-find"),
]
