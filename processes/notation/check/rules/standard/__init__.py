"""What BPMN 2.0 demands: each rule names the clause of the standard (formal/2013-12-09) that states it.

These hold for every file, also for processes that are not executable; where the standard restricts a demand to executable processes,
the rule does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from processes.notation.check.findings import Finding
from processes.notation.check.rules.standard import (
    activities,
    ad_hoc,
    boundary_events,
    calls,
    choreographies,
    choreography_tasks,
    collaborations,
    compensation,
    conversations,
    correlations,
    data_associations,
    data_objects,
    data_sets,
    definitions,
    drawing,
    event_data,
    event_definitions,
    event_gateways,
    event_sub_processes,
    flow_conditions,
    flow_lists,
    gateways,
    ids,
    imported,
    intermediate_events,
    lanes,
    links,
    loops,
    message_flows,
    processes,
    references,
    resources,
    sequence_flows,
    services,
    starts_and_ends,
    triggers,
    ways,
)
from processes.notation.check.world import World
from processes.notation.diagram import Diagram

MODULES = (
    definitions, imported, ids, references, processes,
    sequence_flows, flow_conditions, flow_lists, starts_and_ends, intermediate_events, ways,
    triggers, event_definitions, boundary_events, links, compensation, event_sub_processes, ad_hoc,
    gateways, event_gateways, activities, calls, loops, lanes, resources,
    data_objects, data_sets, data_associations, event_data, services, correlations,
    collaborations, message_flows, conversations, choreographies, choreography_tasks, drawing,
)  # fmt: skip
CHECKS: tuple[Callable[[Diagram, World], Iterable[Finding]], ...] = tuple(
    check for module in MODULES for check in module.CHECKS
)
