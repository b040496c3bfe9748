# SPDX-License-Identifier: Apache-2.0
"""Runs inside GDB: walk FreeRTOS's lists of tasks over every stub in turn.

The job file named by WITNESS_JOB lists the sockets; the answer goes to the file
it names: per socket the tasks, and the error that ended the walk, if one did.
"""

import json
import os

import gdb

LISTS = {
    "xDelayedTaskList1": "delayed",
    "xDelayedTaskList2": "delayed",
    "xSuspendedTaskList": "suspended",
    "xTasksWaitingTermination": "terminated",
    "xPendingReadyList": "pending",
}
TASKS_MAX = 64


def member(value, *names):
    """The first member of these names that there is; None for none."""
    fields = {field.name for field in value.type.strip_typedefs().fields()}
    for name in names:
        if name in fields:
            return value[name]
    return None


def owners(task_list):
    task = gdb.lookup_type("TCB_t").pointer()
    end = task_list["xListEnd"].address
    item = task_list["xListEnd"]["pxNext"]
    for _ in range(TASKS_MAX):
        if int(item) in (0, int(end)):  # a broken link ends it, too
            return
        yield item["pvOwner"].cast(task)
        item = item["pxNext"]
    raise gdb.error("a list does not end")


def is_notified_by(block):
    state = member(block, "eNotifyState", "ucNotifyState")
    if state.type.code == gdb.TYPE_CODE_ARRAY:
        state = state[0]
    return int(state) == 1


def describe(task, where):
    block = task.dereference()
    container = member(block["xEventListItem"], "pvContainer", "pxContainer")
    return {
        "block": int(task),
        "name": block["pcTaskName"].string(),
        "list": where,
        "on_event_list": int(container) != 0,
        "awaits_notification": is_notified_by(block),
        "priority": int(block["uxPriority"]),
        "base_priority": int(block["uxBasePriority"]),
        "top": int(block["pxTopOfStack"]),
    }


def tasks():
    """By block: who is on xPendingReadyList is on another list as well, and that one counts less."""
    found = {}
    ready = gdb.parse_and_eval("pxReadyTasksLists")
    low, high = ready.type.range()
    lists = [(ready[index], "ready") for index in range(low, high + 1)]
    lists += [(gdb.parse_and_eval(name), kind) for name, kind in LISTS.items()]
    for task_list, kind in lists:
        for task in owners(task_list):
            found[int(task)] = describe(task, kind)
    return list(found.values())


def look():
    answer = {"tasks": []}
    try:
        answer["current"] = int(gdb.parse_and_eval("pxCurrentTCB"))
        answer["running"] = int(gdb.parse_and_eval("xSchedulerRunning")) != 0
        answer["tasks"] = tasks()
    except gdb.error as error:
        answer["error"] = str(error)
    return answer


def main():
    with open(os.environ["WITNESS_JOB"], encoding="utf-8") as file:
        job = json.load(file)
    results = []
    for socket in job["sockets"]:
        gdb.execute(f"target remote {socket}", to_string=True)
        results.append(look())
        gdb.execute("disconnect", to_string=True)
    with open(job["output"], "w", encoding="utf-8") as file:
        json.dump(results, file)


main()
