"""What the benches of the pipeline stand on: private servers, processes that load the engine and work for it, and meters.

The model (``model.bpmn``): a message ``order.placed`` starts it, a worker does ``bench.work``, a signal ``done`` ends it. The generator sends the
messages and counts the signals; what happens in between is for whoever is measured.
"""
