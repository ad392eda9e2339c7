/** The part of each script's help that says how it finds the deployment. */
export const surroundingsHelp = `Where the parts are (a flag wins over the variable, and that over the stack file of \`npm start\`):
  --gateway URL          the gateway's HTTP address            GATEWAY_URL
  --worker URL           the worker                            WORKER_URL (the first of a list)
  --orchestrator URL     the only one that may do the job,     ORCHESTRATOR_ADDRESSES (the first of a list)
                         spelled as in the gateway's -orchAddr
  --capability NAME      default agent-net                     CAPABILITY_NAME
  --stack FILE           default .local/stack.json             STACK_FILE`;

export const payerHelp = `  --distributor URL      the distributor                       DISTRIBUTOR_URL
  --admin-password TEXT  of the distributor                    ADMIN_PASSWORD
  --rpc URL              a node of the chain                   ETH_RPC_URL (the first of a list)
  --token ADDRESS        the token that is paid in             TOKEN_ADDRESS
  --payer ADDRESS        the treasury that pays                PAYER_ADDRESS`;
