"""What was asked of a world, told in other ways: queries of the journal, HAR, the access report, the coverage report."""
