#!/usr/bin/env bash
# A real Slurm of two nodes on this machine, for the test of `vae sweep --slurm`: installs Debian's packages where they are
# missing, starts it as root in the folder given, and prints what to set.
#   eval "$(scripts/slurm.sh /tmp/slurm)"; npx vitest run test/slurm.test.ts; scripts/slurm.sh /tmp/slurm stop
set -euo pipefail
dir=$(mkdir -p "$1" && cd "$1" && pwd)
host=$(hostname -s)
if [ "${2:-}" = stop ]; then
  for file in "$dir"/*.pid; do
    pid=$(cat "$file" 2>/dev/null) || continue
    kill "$pid" 2>/dev/null || continue
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  done
  exit 0
fi

if ! command -v slurmctld slurmd munged >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq slurm-wlm munge >&2
fi

mkdir -p "$dir"/{state,log} /run/munge
[ -f /etc/munge/munge.key ] || mungekey -c >&2
chown -R munge /run/munge /var/log/munge /etc/munge /var/lib/munge
if ! pgrep -x munged >/dev/null; then
  su munge -s /bin/sh -c munged >&2
  for _ in $(seq 50); do [ -S /run/munge/munge.socket.2 ] && break; sleep 0.1; done
  cp /run/munge/munged.pid "$dir/"
fi

# A requeued task waits for as long as a credential is valid, which is two minutes by default.
cat > "$dir/slurm.conf" <<CONF
ClusterName=local
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=cred_expire=5
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool-%n
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd-%n.log
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
MailProg=/bin/true
NodeName=n[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[17001-17002] CPUs=1 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$dir/slurm.conf"
slurmctld >&2
slurmd -N n1 >&2
slurmd -N n2 >&2
for _ in $(seq 60); do
  [ "$(sinfo -h -N -t idle 2>/dev/null | wc -l)" = 2 ] && break
  sleep 0.5
done
sinfo >&2
echo "export SLURM_CONF='$SLURM_CONF' VAE_SLURM=1"
