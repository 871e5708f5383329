// What stands behind # in the link goes into the form, and out of the address.
const token = location.hash.slice(1);
const form = document.forms[0];
form.elements.token.value = token;
form.querySelector("button").disabled = !token;
history.replaceState(null, "", location.pathname);
