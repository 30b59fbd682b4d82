// @ts-check
/** The page of the service: the service answers, and may ask for a token. */

import { start } from "./page.js";
import { onTokenNeeded, service } from "./service.js";
import { askForToken } from "./token.js";

onTokenNeeded(askForToken);
start(service);
