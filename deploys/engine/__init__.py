"""The one room that knows how pyinfra works inside; tests/unit/test_pyinfra_contract.py holds each assumption."""
