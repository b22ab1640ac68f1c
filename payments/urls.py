"""Addresses of payments' pages."""

from django.urls import path, re_path

from payments.views import banks, book, book_entries, cases, money, ops, reconciliation, reviews, transfers

urlpatterns = [
    path("money/", money.money, name="money"),
    path("money/accounts/<str:number>/", money.statement, name="money-statement"),
    re_path(
        r"^money/accounts/(?P<number>\w+)/statement\.(?P<form>pdf|csv|xml)$",
        money.statement_file,
        name="money-statement-file",
    ),
    path("money/transfer/", transfers.transfer, name="money-transfer"),
    path("money/card/<str:reference>/", money.card_question, name="money-card"),
    path("money/confirm/<int:tender_id>/", money.confirm, name="money-confirm"),
    path("ops/", ops.overview, name="ops"),
    path("ops/find/", ops.find, name="ops-find"),
    path("ops/run/", ops.run, name="ops-run"),
    path("ops/settlements/<int:pk>/", ops.settlement, name="ops-settlement"),
    path("ops/banks/", banks.overview, name="ops-banks"),
    path("ops/banks/import/", banks.take_in, name="ops-banks-import"),
    path("ops/banks/batches/<int:pk>/", banks.batch, name="ops-batch"),
    path("ops/banks/batches/<int:pk>/file/", banks.batch_file, name="ops-batch-file"),
    path("ops/banks/entries/<int:pk>/", banks.entry, name="ops-bank-entry"),
    path("ops/reviews/", reviews.queue, name="ops-reviews"),
    path("ops/reviews/<int:payment_id>/", reviews.review, name="ops-review"),
    path("ops/cases/", cases.index, name="ops-cases"),
    path("ops/cases/<int:case_id>/", cases.case, name="ops-case"),
    path("ops/cases/<int:case_id>/<slug:action>/", cases.act, name="ops-case-act"),
    path("ops/reconciliation/", reconciliation.overview, name="ops-reconciliation"),
    path("ops/reconciliation/statement/", reconciliation.statement, name="ops-reconciliation-statement"),
    path("ops/reconciliation/<slug:name>/", reconciliation.source, name="ops-reconciliation-source"),
    path("ops/reconciliation/<slug:name>/match/", reconciliation.match, name="ops-reconciliation-match"),
    path(
        "ops/reconciliation/<slug:name>/unmatch/<int:match_id>/",
        reconciliation.unmatch,
        name="ops-reconciliation-unmatch",
    ),
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
