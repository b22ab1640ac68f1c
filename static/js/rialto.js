// Pages work without this file; with it they are quicker. Behavior hangs on data- attributes.

import { mountCardFields } from "./cards.js";
import { openGallery } from "./gallery.js";
import { sendOnce } from "./once.js";
import { closeMenus } from "./menu.js";
import { closeSuggestions } from "./suggestions.js";
import { showErrors } from "./errors.js";
import { submitOnChange } from "./submit.js";
import { showByChoice } from "./shown.js";
import { unfoldFacets } from "./facets.js";

mountCardFields(document);
sendOnce(document);
closeMenus(document);
closeSuggestions(document);
showErrors(document);
submitOnChange(document);
unfoldFacets(document);
openGallery(document);
showByChoice(document);
