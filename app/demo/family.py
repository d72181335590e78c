"""Sub-accounts: a few accounts belong to others. They trade under addresses of their own like anybody else."""

from app.demo.accounts import Accounts

FIRST_MASTER, FIRST_SUB, COUNT = 200, 208, 8
_SPOT = '{"balances":[{"coin":"USDC","token":0,"total":"0.0","hold":"0.0","entryNtl":"0.0"}]}'


def sub_of(master: int) -> int | None:
    """The sub-account of an account, None where it has none."""
    return master - FIRST_MASTER + FIRST_SUB if FIRST_MASTER <= master < FIRST_MASTER + COUNT else None


def master_of(account: int) -> int | None:
    """Whose sub-account this is, None where it is nobody's."""
    return account - FIRST_SUB + FIRST_MASTER if FIRST_SUB <= account < FIRST_SUB + COUNT else None


def role(accounts: Accounts, account: int | None) -> str:
    """The answer to `userRole`."""
    if account is None:
        return '{"role":"missing"}'
    master = master_of(account)
    if master is None:
        return '{"role":"user"}'
    return f'{{"role":"subAccount","data":{{"master":"{accounts.addresses[master]}"}}}}'


def sub_accounts(accounts: Accounts, account: int | None, sub_state: str) -> str:
    """The answer to `subAccounts`; `sub_state` is the state of the sub-account, if there is one."""
    sub = None if account is None else sub_of(account)
    if account is None or sub is None:
        return "null"
    return (
        f'[{{"subAccountUser":"{accounts.addresses[sub]}","name":"sub","master":"{accounts.addresses[account]}",'
        f'"clearinghouseState":{sub_state},"spotState":{_SPOT}}}]'
    )
