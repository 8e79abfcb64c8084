"""What steps of .github/workflows run beside pyinfra and the tests."""
