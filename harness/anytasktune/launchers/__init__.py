"""Ways to run the jobs of a suite: ``base`` has the contract, ``local`` runs them on this machine, one by one."""
