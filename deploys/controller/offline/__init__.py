"""One file from which a site without internet deploys: what goes into it, and what a run takes out of it."""
