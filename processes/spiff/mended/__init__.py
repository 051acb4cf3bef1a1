"""One module a construct of SpiffWorkflow that needed mending. Importing this package applies the class-wide patches."""

from processes.spiff.mended import data_merge, subprocess_data, task_state

data_merge.apply()
subprocess_data.apply()
task_state.apply()
