"""The workbench: what the command line does, for a person who would rather look than read.

Pages and API compute nothing: `read` and `studio` run in processes of their own, jobs are commands of their own.
"""
