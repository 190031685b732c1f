"""Readers, one a format: each is a ``feint.data.Source`` that streams examples out of the files a user has."""
