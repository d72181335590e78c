"""The embedded venue's prediction markets: made-up wallets and markets behind the data and gamma APIs."""
