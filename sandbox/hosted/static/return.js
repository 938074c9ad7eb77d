// Sends the result to the merchant without waiting for a click. Without scripts there is the button.
document.forms[0].submit();
