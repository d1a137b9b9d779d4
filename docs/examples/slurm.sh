#!/bin/bash
# A batch as a job array of Slurm: sbatch slurm.sh sweep.yaml
#SBATCH --job-name=vggtune
#SBATCH --array=0-3
#SBATCH --cpus-per-task=1
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@120
set -u

# Two minutes before the limit Slurm sends SIGTERM to this shell: vggtune keeps a checkpoint and exits with 130, and
# the job is queued again. A job whose node has died is queued again by --requeue. Either goes on where it was.
stopped=
trap 'stopped=yes; kill -TERM "$batch"' TERM

vggtune batch "$@" &
batch=$!
wait "$batch"
code=$?
# A signal ends `wait` before the batch has ended.
if [ -n "$stopped" ]; then
  wait "$batch"
  code=$?
fi
if [ "$code" = 130 ] && [ -n "$stopped" ]; then
  scontrol requeue "$SLURM_ARRAY_JOB_ID"_"$SLURM_ARRAY_TASK_ID"
fi
exit "$code"
