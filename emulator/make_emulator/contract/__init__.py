"""Runner of the contract suite: targets, client, guard against unsafe calls, and reports.

The tests themselves are in ``contract_tests``; they do not know whether the target is an emulator or a real zone.
"""
