#!/bin/sh
# Starts go-livepeer as the gateway or as the orchestrator of BYOC jobs. What a node cannot do without is asked for
# first, all of it at once; a node with something missing stops here and takes nothing else down with it.
#
# Flags and not variables: go-livepeer reads LP_ETHURL, not LP_ETH_URL, and says nothing about a name it does not know.
set -eu

role=$1
ex_config=78
missing=''

need() {
  eval "value=\${$1:-}"
  if [ -z "$value" ]; then
    missing="$missing
  $1  $2"
  fi
}

stop_if_missing() {
  [ -z "$missing" ] && return
  echo "livepeer-$role does not start, these variables are missing in .env:$missing" >&2
  echo "The other containers run without it. See docs/deployment.md, \"What the go-livepeer pair needs\"." >&2
  exit "$ex_config"
}

# A gateway compares the addresses of orchestrators as text, so they are written in one way everywhere: https://host:port
normalised_addresses() {
  printf %s "$1" | tr ',' '\n' | sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e 's|/*$||' -e '/^$/d' \
    -e '/^https*:\/\//!s|^|https://|' | paste -s -d ',' -
}

need ARBITRUM_RPC_URL 'an RPC address of Arbitrum One; BYOC jobs do not work without a chain, at price 0 neither'

case $role in
gateway)
  need GATEWAY_ETH_PASSWORD 'the password of its account, or the path of a file that holds it; the account is made at the first start'
  stop_if_missing
  # Without -httpIngest a gateway that listens beyond loopback answers 404 to every job.
  # shellcheck disable=SC2086 # extra flags are words
  exec livepeer -gateway \
    -network="$LIVEPEER_NETWORK" -ethUrl="$ARBITRUM_RPC_URL" -ethPassword="$GATEWAY_ETH_PASSWORD" -dataDir=/data \
    -orchAddr="$(normalised_addresses "$ORCHESTRATOR_ADDRESSES")" \
    -httpAddr=0.0.0.0:8935 -httpIngest=true -rtmpAddr=0.0.0.0:1935 \
    -v="$LIVEPEER_VERBOSITY" ${GATEWAY_EXTRA_FLAGS:-}
  ;;
orchestrator)
  need ORCHESTRATOR_ETH_PASSWORD 'the password of its account, or the path of a file that holds it; the account is made at the first start'
  # The node reads a file by itself when it is given the path of one.
  ORCH_SECRET=${ORCH_SECRET:-${ORCH_SECRET_FILE:-}}
  need ORCH_SECRET '(or ORCH_SECRET_FILE) the secret that its workers register with'
  # Jobs go to the address that the orchestrator gives of itself, and it must be the one the gateway knows it by.
  service_addr=$(normalised_addresses "${ORCHESTRATOR_SERVICE_ADDR:-$ORCHESTRATOR_ADDRESSES}")
  case $service_addr in
  *,*) need ORCHESTRATOR_SERVICE_ADDR 'which of ORCHESTRATOR_ADDRESSES this orchestrator is' ;;
  esac
  stop_if_missing
  # The address goes without its scheme, because the node writes https:// before whatever it is given.
  # shellcheck disable=SC2086 # extra flags are words
  exec livepeer -orchestrator \
    -network="$LIVEPEER_NETWORK" -ethUrl="$ARBITRUM_RPC_URL" -ethPassword="$ORCHESTRATOR_ETH_PASSWORD" -dataDir=/data \
    -serviceAddr="${service_addr#http*://}" -orchSecret="$ORCH_SECRET" \
    -pricePerUnit="$ORCHESTRATOR_PRICE_PER_UNIT" ${ORCHESTRATOR_ETH_ADDR:+-ethOrchAddr="$ORCHESTRATOR_ETH_ADDR"} \
    -v="$LIVEPEER_VERBOSITY" ${ORCHESTRATOR_EXTRA_FLAGS:-}
  ;;
*)
  echo "start.sh knows the roles gateway and orchestrator, not \"$role\"." >&2
  exit "$ex_config"
  ;;
esac
