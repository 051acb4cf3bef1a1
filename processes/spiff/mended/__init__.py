"""One module a construct of SpiffWorkflow that needed mending. Importing this package applies the patches of the class-wide ones."""

from processes.spiff.mended import data_merge, task_state

data_merge.apply()
task_state.apply()
