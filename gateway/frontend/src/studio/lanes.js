// An event that is attached to a task is in the task's lane, wherever on its edge it is drawn: bpmn-js goes by where its middle is, and so would
// move it to the lane below with the next change of the drawing.
import { is } from 'bpmn-js/lib/util/ModelUtil';

const COMMAND = 'lane.updateRefs';

export function Lanes(eventBus, commandStack) {
  eventBus.on(`commandStack.${COMMAND}.preExecuted`, ({ context }) => {
    const updates = commandStack._handlerMap[COMMAND]._computeUpdates(context.flowNodeShapes, context.laneShapes);
    const coming = new Map(updates.map((each) => [each.flowNode, each.add]));
    for (const each of updates) {
      if (is(each.flowNode, 'bpmn:BoundaryEvent') && each.add.length) each.add = lanesOf(each.flowNode.attachedToRef, coming) ?? each.add;
    }
    context.updates = updates;
  });
}
Lanes.$inject = ['eventBus', 'commandStack'];

const lanesOf = (host, coming) => host && (coming.get(host) ?? host.lanes)?.slice();
