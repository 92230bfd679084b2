"""What the contract suite is run with: its targets, its careful client, and the reports of a run.

The tests themselves lie in ``contract_tests``; they never learn whether an emulator or a real zone answers.
"""
