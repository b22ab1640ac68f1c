// Starts Oscar's back office, whose own pages do it in an inline script that our security policy does not run.

oscar.dashboard.init({ languageCode: document.body.dataset.language });
