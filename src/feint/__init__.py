"""feint: how far a deep model's uncertainty can be trusted once somebody attacks it."""
