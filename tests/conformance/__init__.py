"""The table of constructs: what BPMN 2.0 means here, one small diagram each (see README.md)."""
