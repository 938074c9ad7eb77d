"""What every process must agree on. Imports no code of ours."""
