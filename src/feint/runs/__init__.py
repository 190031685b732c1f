"""How anything is run: settings, experiments, work, run folders, runners. No torch but in the machine.

Nothing is imported here, so that settings are read before torch is: name the module, ``feint.runs.work`` and so on.
"""
