"""What happens to a loan after it is signed: disbursement, interest, repayment, lateness, loss."""
