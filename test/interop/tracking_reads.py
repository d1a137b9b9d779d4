"""What TensorBoard and MLflow say of a run, as JSON.

`tracking_reads.py tensorboard FOLDER` reads event files; `tracking_reads.py mlflow ADDRESS EXPERIMENT` asks a server.
"""

import json
import sys


def tensorboard(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(folder, size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    tags = events.Tags()
    scalars = {
        tag: [[point.step, point.value, point.wall_time] for point in events.Scalars(tag)] for tag in tags["scalars"]
    }
    texts = {tag: events.Tensors(tag)[0].tensor_proto.string_val[0].decode() for tag in tags["tensors"]}
    return {"scalars": scalars, "texts": texts}


def mlflow(address, experiment):
    from mlflow import MlflowClient

    client = MlflowClient(address)
    found = client.get_experiment_by_name(experiment)
    runs = client.search_runs([found.experiment_id])
    return [
        {
            "name": run.info.run_name,
            "status": run.info.status,
            "params": run.data.params,
            "scalars": {
                key: [[point.step, point.value] for point in client.get_metric_history(run.info.run_id, key)]
                for key in run.data.metrics
            },
            "files": [each.path for each in client.list_artifacts(run.info.run_id)],
        }
        for run in runs
    ]


print(json.dumps({"tensorboard": tensorboard, "mlflow": mlflow}[sys.argv[1]](*sys.argv[2:])))
